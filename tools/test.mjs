// npm test: see tools/test/README.md.
import { runUnderNode24 } from './bootstrap.mjs';

await runUnderNode24('test/main.ts');
