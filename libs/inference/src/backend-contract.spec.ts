import { combineBackends } from './combine-backends.js';
import { Engine } from './engine/engine.js';
import { observeUsage } from './observe-usage.js';
import { backendContract, echoBackend, FakeRunner } from './testing/index.js';

describe('the backend contract', () => {
  describe('holds for an engine', () => {
    backendContract({ it, expect }, () => new Engine(new FakeRunner()));
  });

  describe('holds for an engine with one slot, whose caches can only be emptied', () => {
    backendContract({ it, expect }, () => new Engine(new FakeRunner({ slots: 1, canTruncate: false })));
  });

  describe('holds for an engine that continues plain text', () => {
    backendContract({ it, expect }, () => new Engine(new FakeRunner()), { prompt: 'Once upon a time' });
  });

  describe('holds for several backends as one', () => {
    backendContract({ it, expect }, () => combineBackends([echoBackend(), new Engine(new FakeRunner())]));
  });

  describe('holds for an observed backend', () => {
    backendContract({ it, expect }, () => observeUsage(new Engine(new FakeRunner()), () => undefined));
  });
});
