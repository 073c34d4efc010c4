import { Count, Flag, Id, Kind, ListOf, nullable, Text, Time } from '../openapi/fields.js';
import { ListFields } from '../page/list-fields.js';

export class Notification {
  @Kind('notification') object: 'notification';
  @Id() id: string;
  @Text() type: string;
  @Text() title: string;
  @Text() message: string;
  @Text() channel: string;
  @Flag() is_read: boolean;
  @Count({ description: 'How often it happened; later ones count up the same notification.' })
  occurrences: number;
  @Time() created_at: string;
  @Time() last_seen_at: string;
  @Time(nullable) read_at: string | null;
}

export class NotificationList extends ListFields {
  @ListOf(() => Notification) data: readonly Notification[];
}

export class UnreadCount {
  @Kind('unread_count') object: 'unread_count';
  @Count() count: number;
}

export const NOTIFICATION_FIELDS = [
  'object',
  'id',
  'type',
  'title',
  'message',
  'channel',
  'is_read',
  'occurrences',
  'created_at',
  'last_seen_at',
  'read_at',
] as const satisfies readonly (keyof Notification)[];
