import { IsIn } from 'class-validator';

/** `true` or `false` in a query. */
export const IsFlag = () => IsIn(['true', 'false']);
