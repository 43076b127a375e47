// Mocha's own spec report without its closing counts, and one line "N passed, N failed, N skipped" in their place.
const { reporters } = require('mocha');

module.exports = class TotalsReporter extends reporters.Spec {
  epilogue() {
    if (this.failures.length > 0) reporters.Base.list(this.failures);
    const { passes, failures, pending } = this.stats;
    reporters.Base.consoleLog(`\n${passes} passed, ${failures} failed, ${pending} skipped`);
  }
};
