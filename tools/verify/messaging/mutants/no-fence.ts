// No stored position: nobody is locked out and every record counts as not done.
import type { ConsumerPosition } from '../../../../libs/outbox/dist/consumer-position.js';

export const lockPosition = async (): Promise<ConsumerPosition> => ({ nextOffset: 0n, parked: 0 });
export const advancePosition = async (): Promise<void> => undefined;
export const advancePast = async (): Promise<boolean> => true;
export const countParked = async (): Promise<void> => undefined;
