const Sequencer = require('@jest/test-sequencer').default;

/** Suites that wait more than they compute: processes are killed and leases run out. */
const LONG = /[/]tools[/]verify[/].*[.]int[.]ts$/;

/**
 * Starts the long suites first. A fresh clone has no times of earlier runs, so jest would go by the size
 * of the files and end with one worker that waits for a small one of two minutes.
 */
module.exports = class LongFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isLong = ({ path }) => LONG.test(path);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
