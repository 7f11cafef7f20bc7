#!/usr/bin/env node
// ONNX Runtime reads this from the real environment, before its library is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';
await import('../dist/main.js');
