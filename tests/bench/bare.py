"""What the desk is measured against: `create_agent` behind a plain `StreamingResponse`, with the same model."""

import sys
from collections.abc import AsyncIterator

import orjson
import uvicorn
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk, HumanMessage
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.scripted import FollowsScript

_AGENT = create_agent(FollowsScript(), tools=[])


async def _home(_: Request) -> Response:
    return JSONResponse({})


async def _stream(request: Request) -> Response:
    question = orjson.loads(await request.body())["message"]

    async def tokens() -> AsyncIterator[bytes]:
        async for chunk, _ in _AGENT.astream({"messages": [HumanMessage(question)]}, stream_mode="messages"):
            if isinstance(chunk, AIMessageChunk) and chunk.text:
                yield b"data: " + orjson.dumps({"type": "token", "content": chunk.text}) + b"\n\n"

    return StreamingResponse(tokens(), media_type="text/event-stream")


if __name__ == "__main__":
    app = Starlette(routes=[Route("/", _home), Route("/chat/stream", _stream, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
