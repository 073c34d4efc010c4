// An inbox that knows nothing: every event is new.
export async function takeNew(_: object, eventIds: readonly string[]): Promise<Set<string>> {
  return new Set(eventIds.map((id) => id.toLowerCase()));
}
