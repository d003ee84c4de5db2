"""`python -m agents.models check`."""

from pathlib import Path

from tests import commands
from tests.localmodel import NAME, place_model
from tests.provided import AWS_KEYS, GPT, OPENAI_KEY, at_bedrock, at_openai, no_profile
from tests.providers.bedrock import BedrockServer
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import environment, free_port


def check(directory: Path, **settings: object) -> commands.Done:
    """One check, run where its `.env` is."""
    return commands.run("agents.models", "check", env=settings_of(directory, **settings), cwd=directory)


def settings_of(directory: Path, **settings: object) -> dict[str, str]:
    return environment(directory, 1, **{**no_profile(directory), **settings})


def serves(server: OpenAIServer) -> OpenAIServer:
    server.models = (GPT,)
    return server


def test_models_that_answer_are_fine(tmp_path: Path) -> None:
    with BedrockServer() as bedrock, serves(OpenAIServer()) as cloud:
        env = settings_of(tmp_path, **at_bedrock(bedrock), **at_openai(cloud))
        run = commands.run_alone("-m", "agents.models", "check", env=env, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert "ok       bedrock:us.amazon.nova-lite-v1:0  (for supervisor)" in run.stdout
    assert "ok       openai:gpt-4o-mini  (for supervisor, billing, compliance, general, technical)" in run.stdout
    assert "FAILED" not in run.stdout
    # As little as can be asked: one token, and a description.
    assert [request.body["inferenceConfig"]["maxTokens"] for request in bedrock.requests] == [1]
    assert [(request.method, request.path) for request in cloud.requests] == [("GET", f"/v1/models/{GPT}")]


def test_a_wrong_key_fails_and_says_what_to_do(tmp_path: Path) -> None:
    wrong = Script(fault=Fault.UNAUTHORIZED, echo_headers=True)
    with BedrockServer(wrong) as bedrock, OpenAIServer(wrong) as cloud:
        run = check(tmp_path, **at_bedrock(bedrock), **at_openai(cloud))
    assert run.returncode == 1
    assert run.stdout.count("FAILED ") == 2
    assert run.stdout.count("check the key, its permissions and the access to this model") == 2
    assert "; see AWS_BEDROCK_SETUP.md" in run.stdout
    assert "ok       embedded" in run.stdout
    for secret in (OPENAI_KEY, *AWS_KEYS.values(), "AWS4-HMAC", "Bearer "):
        assert secret not in run.stdout + run.stderr


def test_a_desk_without_keys_is_fine_and_says_how_to_get_more(tmp_path: Path) -> None:
    run = check(tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.count("no key ") == 2
    assert "set OPENAI_API_KEY" in run.stdout
    assert "set AWS credentials" in run.stdout


def test_a_model_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    run = check(tmp_path, WORKER_MODEL="gpt-4o-mini")
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.startswith("error: WORKER_MODEL: 'gpt-4o-mini' is not a valid model; use bedrock:<model>")
    assert "Traceback" not in run.stderr


def test_keys_and_models_are_read_from_the_env_file(tmp_path: Path) -> None:
    with serves(OpenAIServer()) as cloud:
        lines = f"OPENAI_API_KEY={OPENAI_KEY}\nOPENAI_BASE_URL={cloud.url}/v1\nSUPERVISOR_MODEL=openai:gpt-4o-mini\n"
        (tmp_path / ".env").write_text(lines, encoding="utf-8")
        run = check(tmp_path)
    assert run.returncode == 0
    assert "ok       openai:gpt-4o-mini" in run.stdout
    assert "bedrock" not in run.stdout
    assert {request.headers["authorization"] for request in cloud.requests} == {f"Bearer {OPENAI_KEY}"}


def test_a_server_that_is_not_there_fails(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    run = check(tmp_path, AI_SERVICE_URL=url)
    assert run.returncode == 1
    assert f"FAILED   openai-compatible:@{url}  (for billing, compliance, general, technical)" in run.stdout
    assert "cannot be reached" in run.stdout
    assert "check the network, the address and the region" in run.stdout


def test_a_local_model_that_is_not_there_fails_and_says_how_to_get_it(tmp_path: Path) -> None:
    run = check(tmp_path, WORKER_MODEL="local:qwen3-4b")
    assert run.returncode == 1
    assert "FAILED   local:qwen3-4b  (for billing, compliance, general, technical)" in run.stdout
    assert "it is not downloaded: make model NAME=qwen3-4b" in run.stdout


def test_a_local_model_is_started_to_be_checked(tmp_path: Path) -> None:
    place_model(tmp_path / "data" / "models")
    settings = {"DATA_DIR": tmp_path / "data", "SUPERVISOR_MODEL": "embedded", "WORKER_MODEL": f"local:{NAME}"}
    run = check(tmp_path, MODEL_FIRST_TOKEN_SECONDS=60, **settings)
    assert (run.returncode, run.stderr) == (0, "")
    assert f"ok       local:{NAME}  (for billing, compliance, general, technical)" in run.stdout
