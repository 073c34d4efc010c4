import { describe, expect, it } from '@jest/globals';
import { afterMove, type ContentMove, contentStates, statesChangedBy } from './content-state.js';

const moves: ContentMove[] = ['attach', 'condemn', 'revive', 'discard', 'reap'];

describe('states of a content', () => {
  it('are these, and every other move is illegal', () => {
    const legal = contentStates.flatMap((state) =>
      moves
        .map((move) => [state, move, afterMove(state, move)].join(' '))
        .filter((line) => !line.endsWith(' ')),
    );
    expect(legal).toEqual([
      'pending attach attached',
      'pending condemn condemned',
      'pending revive pending',
      'pending discard gone',
      'attached attach attached',
      'attached revive attached',
      'condemned attach attached',
      'condemned revive pending',
      'condemned reap gone',
      'archived attach archived',
      'archived revive archived',
    ]);
  });

  it('tell a statement which rows a move may touch', () => {
    expect(statesChangedBy('attach')).toEqual(['pending', 'condemned']);
    expect(statesChangedBy('discard')).toEqual(['pending']);
    expect(statesChangedBy('reap')).toEqual(['condemned']);
    expect(statesChangedBy('revive')).toEqual(['condemned']);
    expect(statesChangedBy('condemn')).toEqual(['pending']);
  });
});
