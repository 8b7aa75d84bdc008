import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';
import type { Scope } from '../../lab/scope.ts';

/** A span as a collector has got it. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: none. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 2: server, 3: client. */
  readonly kind: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** 0: unset, 2: error. */
  readonly statusCode: number;
  readonly service: string;
}

export interface Collector {
  readonly url: string;
  readonly spans: Span[];
  /** The fields of the last export. */
  readonly headers: IncomingMessage['headers'];
  /** Answers the exports from now on; null: as a collector does. */
  answerWith(answer: ((res: ServerResponse) => void) | null): void;
}

/** A collector that reads OTLP over HTTP by the published field numbers of opentelemetry/proto/trace/v1. */
export async function startCollector(t: Scope): Promise<Collector> {
  const spans: Span[] = [];
  let headers: IncomingMessage['headers'] = {};
  let answer: ((res: ServerResponse) => void) | null = null;
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    headers = req.headers;
    if (answer !== null) return answer(res);
    if (req.url !== '/v1/traces' || req.headers['content-type'] !== 'application/x-protobuf') {
      res.writeHead(400).end();
      return undefined;
    }
    spans.push(...spansIn(Buffer.concat(chunks)));
    res.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end();
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    get headers() {
      return headers;
    },
    answerWith(next) {
      answer = next;
    },
  };
}

const field = (type: string, id: number) => ({ type, id });
const repeated = (type: string, id: number) => ({ type, id, rule: 'repeated' });
const messages = protobuf.Root.fromJSON({
  nested: {
    ExportTraceServiceRequest: { fields: { resourceSpans: repeated('ResourceSpans', 1) } },
    ResourceSpans: { fields: { resource: field('Resource', 1), scopeSpans: repeated('ScopeSpans', 2) } },
    Resource: { fields: { attributes: repeated('KeyValue', 1) } },
    ScopeSpans: { fields: { spans: repeated('Span', 2) } },
    Span: {
      fields: {
        traceId: field('bytes', 1),
        spanId: field('bytes', 2),
        parentSpanId: field('bytes', 4),
        name: field('string', 5),
        kind: field('int32', 6),
        startTimeUnixNano: field('fixed64', 7),
        endTimeUnixNano: field('fixed64', 8),
        attributes: repeated('KeyValue', 9),
        status: field('Status', 15),
      },
    },
    Status: { fields: { message: field('string', 2), code: field('int32', 3) } },
    KeyValue: { fields: { key: field('string', 1), value: field('AnyValue', 2) } },
    AnyValue: {
      fields: { stringValue: field('string', 1), intValue: field('int64', 3), doubleValue: field('double', 4) },
    },
  },
});

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number; readonly doubleValue?: number };
}

interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: number;
  readonly endTimeUnixNano: number;
  readonly attributes: readonly KeyValue[];
  readonly status?: { readonly code?: number };
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

function spansIn(bytes: Buffer): Span[] {
  const type = messages.lookupType('ExportTraceServiceRequest');
  const { resourceSpans } = type.toObject(type.decode(bytes), { longs: Number, bytes: String, arrays: true }) as Export;
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => spanOf(span, service)));
  });
}

function spanOf(span: RawSpan, service: string): Span {
  const hex = (text = '') => Buffer.from(text, 'base64').toString('hex');
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    startedAt: span.startTimeUnixNano / 1e6,
    endedAt: span.endTimeUnixNano / 1e6,
    attributes: attributesOf(span.attributes),
    statusCode: span.status?.code ?? 0,
    service,
  };
}

function attributesOf(pairs: readonly KeyValue[]): Record<string, string | number> {
  return Object.fromEntries(
    pairs.map(({ key, value: { stringValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? intValue ?? doubleValue ?? '',
    ]),
  );
}
