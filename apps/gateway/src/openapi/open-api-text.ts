import { Injectable } from '@nestjs/common';

/** The OpenAPI document as it is served. It describes the whole application, so that is made first. */
@Injectable()
export class OpenApiText {
  #bytes = Buffer.alloc(0);

  set(document: object): void {
    this.#bytes = Buffer.from(JSON.stringify(document));
  }

  get bytes(): Buffer {
    return this.#bytes;
  }
}
