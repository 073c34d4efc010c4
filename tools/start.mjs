// npm start: see tools/stack/README.md.
import { runUnderNode24 } from './bootstrap.mjs';

await runUnderNode24('stack/main.ts');
