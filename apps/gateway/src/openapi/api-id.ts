import { ApiParam } from '@nestjs/swagger';

/** Documents an id in a route's path. @param of what it is the id of */
export const ApiId = (of: string, name = 'id'): MethodDecorator =>
  ApiParam({ name, description: `Id of the ${of}.`, schema: { type: 'string', format: 'uuid' } });
