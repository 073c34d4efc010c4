import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Module,
  Param,
  Post,
  Query,
  StreamableFile,
} from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import {
  BodyLimit,
  type Caller,
  CurrentCaller,
  ParseUuid,
  PlatformRoute,
  PublicRoute,
  RequestId,
  ServiceRoute,
  TenantOrPlatformRoute,
  TenantRoute,
} from '../../src/index.js';

/** Stands for what must never leave the process in an answer. */
export const CANARY = 'canary-4711';

class AttachmentDto {
  @IsString()
  @IsNotEmpty()
  filename: string;
}
class EmailDto {
  @IsString()
  @MaxLength(20)
  subject: string;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => AttachmentDto)
  attachments?: AttachmentDto[];
}
class ListQuery {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Type(() => Number)
  limit?: number;
}

/** Stands for an error of a tier's own database. */
export class DatabaseAway extends Error {}

@Controller('internal')
class ProbeController {
  @Get('open')
  @PublicRoute()
  open(@RequestId() requestId: string) {
    return { requestId };
  }

  @Get('caller')
  @TenantRoute('emails:read', 'jobs:read')
  caller(@CurrentCaller() caller: Caller): Caller {
    return caller;
  }

  @Get('platform')
  @PlatformRoute()
  platform(@CurrentCaller() caller: Caller): Caller {
    return caller;
  }

  @Post('either')
  @HttpCode(204)
  @TenantOrPlatformRoute()
  either(): void {
    return undefined;
  }

  @Post('leases')
  @HttpCode(200)
  @ServiceRoute('worker')
  lease() {
    return { route: 'leases' };
  }

  @Post('leases::heartbeat')
  @HttpCode(200)
  @ServiceRoute('worker', 'gateway')
  heartbeat(@CurrentCaller() caller: Caller) {
    return { route: 'heartbeat', caller };
  }

  @Post('emails')
  @PublicRoute()
  create(@Body() body: EmailDto) {
    return body;
  }

  @Post('uploads')
  @BodyLimit(3 * 1024 * 1024)
  @PublicRoute()
  upload(@Body() body: { text: string }) {
    return { length: body.text.length };
  }

  @Get('emails')
  @PublicRoute()
  list(@Query() query: ListQuery) {
    return query;
  }

  @Get('named')
  @PublicRoute()
  named(@Query('from') from: string) {
    return { from };
  }

  @Get('emails/:id')
  @PublicRoute()
  one(@Param('id', ParseUuid) id: string) {
    return { id };
  }

  @Get('broken')
  @PublicRoute()
  broken(): never {
    throw new Error(CANARY);
  }

  @Get('away')
  @PublicRoute()
  away(): never {
    throw new DatabaseAway(CANARY);
  }

  @Get('bytes')
  @PublicRoute()
  @Header('cache-control', 'private, max-age=60')
  bytes(): StreamableFile {
    return new StreamableFile(Buffer.from('bytes'), { type: 'text/plain' });
  }
}
/** One route of each kind. */
@Module({ controllers: [ProbeController] })
export class ProbeModule {}
