// Leaves the counts of a project's run in test-output/summary.json, where tools/test.mjs adds them up.
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

module.exports = class SummaryReporter {
  onRunComplete(contexts, results) {
    const [context] = contexts;
    if (!context) return;
    const folder = join(context.config.rootDir, 'test-output');
    mkdirSync(folder, { recursive: true });
    const summary = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    writeFileSync(join(folder, 'summary.json'), JSON.stringify(summary));
  }
};
