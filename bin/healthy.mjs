#!/usr/bin/env node
// The health check of the container image: exit 0 when the server on this machine can serve requests.
const port = process.env.PORT || '4173';
const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
process.exitCode = response?.ok ? 0 : 1;
