"""The guard of the page sockets: page identity, validation of frames, and limits on memory."""
