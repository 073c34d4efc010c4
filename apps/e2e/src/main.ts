export { type EndToEndConfig, readEndToEndConfig } from './e2e.config.js';
