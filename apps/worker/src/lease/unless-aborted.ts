/**
 * What `work` comes to, unless the signal aborts: a tier that hangs must not keep the process from going.
 * Nothing is begun once it has aborted; what comes too late is dropped.
 * @throws the signal's reason, or what `work` rejects with
 */
export async function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  // An abort that has been is told to no listener.
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    const result = await Promise.race([work(), aborted]);
    signal.throwIfAborted();
    return result;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
