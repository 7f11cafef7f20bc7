export { type EchoBackendOptions, echoBackend } from './echo-backend.js';
export { type FakeForwardCall, FakeRunner, type FakeRunnerOptions } from './fake-runner.js';
export { FakeTokenizer } from './fake-tokenizer.js';
export {
  backendContract,
  type BackendContractOptions,
  type ContractExpectation,
  type ContractTestRunner,
} from './backend-contract.js';
export { runnerContract, type RunnerContractOptions } from './runner-contract.js';
