import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { PublicRoute } from '@penguinmails/http';
import { OpenApiText } from './open-api-text.js';
import { UsesTiers } from './route-tiers.js';

@ApiTags('Contract')
@Controller('v1/openapi.json')
export class OpenApiController {
  constructor(private readonly text: OpenApiText) {}

  @Get()
  @PublicRoute()
  @Header('content-type', 'application/json')
  @ApiOperation({ summary: 'Read this document' })
  @UsesTiers({})
  @ApiResponse({
    status: 200,
    description: 'OpenAPI 3.1',
    content: { 'application/json': { schema: { type: 'object' } } },
  })
  readOpenApi(): Buffer {
    return this.text.bytes;
  }
}
