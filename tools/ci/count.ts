/** Prints `PASSED FAILED SKIPPED` of vitest's JSON report; a report that is missing or of no test is one failure. */
import { readFileSync } from 'node:fs';

interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
}

function count(file: string): [number, number, number] {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return [0, 1, 0];
  }
  const { numPassedTests: passed, numFailedTests: failed } = report;
  const skipped = report.numPendingTests + report.numTodoTests;
  // A file that could not be loaded, or an error outside any test, fails the run without failing a test.
  const unseen = failed === 0 && (!report.success || passed === 0) ? 1 : 0;
  return [passed, failed + unseen, skipped];
}

process.stdout.write(`${count(process.argv[2] ?? '').join(' ')}\n`);
