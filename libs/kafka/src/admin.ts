export { ensureTopics, withAdmin, type Admin } from './topic-admin.js';
