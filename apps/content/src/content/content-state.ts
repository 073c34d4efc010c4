/**
 * pending: stored, nobody has said yet that it is needed; attached: an accepted e-mail refers to it;
 * condemned: pending for too long, oltp has been asked; archived: attached, bytes in the archive.
 */
export type ContentState = 'pending' | 'attached' | 'condemned' | 'archived';

/**
 * attach: its e-mail was accepted, however late; condemn: nobody attached it in time; revive: the same
 * content was put again under its key; discard: its writer took it back; reap: nobody refers to it.
 */
export type ContentMove = 'attach' | 'condemn' | 'revive' | 'discard' | 'reap';

export const contentStates: readonly ContentState[] = [
  'pending',
  'attached',
  'condemned',
  'archived',
];

/** The state after a move, `gone` when the row is deleted, undefined when the move is illegal. */
export function afterMove(
  state: ContentState,
  move: ContentMove,
): ContentState | 'gone' | undefined {
  switch (state) {
    case 'pending':
      return fromPending(move);
    case 'condemned':
      return fromCondemned(move);
    case 'attached':
    case 'archived':
      return move === 'attach' || move === 'revive' ? state : undefined;
  }
}

function fromPending(move: ContentMove): ContentState | 'gone' | undefined {
  switch (move) {
    case 'attach':
      return 'attached';
    case 'condemn':
      return 'condemned';
    case 'revive':
      return 'pending';
    case 'discard':
      return 'gone';
    case 'reap':
      return undefined;
  }
}

function fromCondemned(move: ContentMove): ContentState | 'gone' | undefined {
  switch (move) {
    case 'attach':
      return 'attached';
    case 'revive':
      return 'pending';
    case 'reap':
      return 'gone';
    case 'condemn':
    case 'discard':
      return undefined;
  }
}

/** The states that a move changes: what an UPDATE or DELETE may match in its WHERE. */
export function statesChangedBy(move: ContentMove): ContentState[] {
  return contentStates.filter((state) => {
    const next = afterMove(state, move);
    return next !== undefined && next !== state;
  });
}
