import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/**
 * Passes a handler's error on as it is. Nest's default filter would log it and put "Internal server
 * error" in its place, and the slice runner could not tell a dead database from a poison record.
 */
@Catch()
export class RethrowFilter implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
