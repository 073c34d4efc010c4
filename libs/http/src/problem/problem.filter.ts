import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Logger } from '@penguinmails/observability';
import type { FastifyReply } from 'fastify';
import type { PlatformRequest } from '../access/platform-request.js';
import { sendProblem } from './send-problem.js';
import { Problem } from './problem.js';
import { problemOfStatus } from './problem-of-status.js';
import { internalError } from './problems.js';

/** Turns an error of a tier's own parts into a problem; undefined leaves it a 500. */
export type MapError = (error: unknown) => Problem | undefined;

/**
 * Whatever a route, guard, pipe or Fastify throws becomes application/problem+json. What nobody
 * expected is logged and answered with 500 `internal_error`, which says nothing about the cause.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly mapError: MapError = () => undefined,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<PlatformRequest>();
    const problem = this.toProblem(error);
    this.log(problem, request);
    sendProblem(problem, request, http.getResponse<FastifyReply>());
  }

  /** The problem that an error is answered with. */
  toProblem(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const mapped = this.mapError(error);
    if (mapped) return mapped;
    if (error instanceof HttpException) return problemOfStatus(error.getStatus(), error);
    return internalError(error);
  }

  private log(problem: Problem, { id, method, routeOptions }: PlatformRequest): void {
    const { status, code, cause } = problem;
    const fields = { request_id: id, method, route: routeOptions?.url, status, code };
    if (status >= 500) this.logger.error({ ...fields, err: cause }, 'request failed');
    else if (status === 401 || status === 403) this.logger.warn(fields, 'request refused');
    else this.logger.debug(fields, 'request refused');
  }
}
