// `npm run jest`: every library and app in one process (fast local loop, one merged coverage report).
module.exports = {
  projects: ['<rootDir>/libs/*', '<rootDir>/apps/model-server', '<rootDir>/apps/cli'],
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'lcov'],
  coverageDirectory: '<rootDir>/coverage',
};
