/** The part of this library that loads no framework: for rules and use cases that refuse something. */
export { Problem, type ProblemItem, type ProblemOptions } from './problem.js';
export { databaseProblems, type DatabaseErrors } from './database-problems.js';
export {
  badRequest,
  bodyTooLarge,
  conflict,
  forbidden,
  internalError,
  notFound,
  tierDown,
  tooManyRequests,
  unauthorized,
  unprocessable,
  unsupportedMediaType,
} from './problems.js';
export {
  fromProblemDocument,
  PROBLEM_MEDIA_TYPE,
  type ProblemDocument,
  toProblemDocument,
} from './problem-document.js';
