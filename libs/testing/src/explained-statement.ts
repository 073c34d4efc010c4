/** How PostgreSQL plans a prepared statement: for its values, or once for all (after some runs). */
export const planModes = ['custom', 'generic'] as const;
export type PlanMode = (typeof planModes)[number];

type Query = (text: string) => Promise<{ rows: unknown[] }>;

/**
 * Explains a statement with bound values as it runs when it is prepared under a name, within the open
 * transaction; a write takes effect. @param options of EXPLAIN, such as `ANALYZE, FORMAT JSON`
 */
export async function explainPrepared(
  query: Query,
  mode: PlanMode,
  options: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<unknown[]> {
  await query(`SET LOCAL plan_cache_mode = force_${mode}_plan`);
  await query(`PREPARE explained AS ${text}`);
  const list = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
  const { rows } = await query(`EXPLAIN (${options}) EXECUTE explained ${list}`);
  await query('DEALLOCATE explained');
  return rows;
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  const text = Array.isArray(value) ? `{${value.map(element).join(',')}}` : plain(value);
  return `'${text.replaceAll("'", "''")}'`;
}

/** Of an array literal: quotes and escapes there are those of JSON. */
function element(value: unknown): string {
  return value === null || value === undefined ? 'NULL' : JSON.stringify(plain(value));
}

function plain(value: unknown): string {
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`;
  return value instanceof Date ? value.toISOString() : String(value);
}
