export {
  GatheredDesk,
  type GatheredDeskOptions,
  type Outcome,
  type ProvenCall,
  type Together,
} from './gathered-desk.js';
export { type GatheredAnswers, MAX_GATHERED } from './gathered-request.js';
export { settleEach } from './settle-each.js';
