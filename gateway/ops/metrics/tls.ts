import { Counter, Gauge, type Registry } from 'prom-client';
import type { Handshake } from '../../domain/handshake.ts';
import type { ServedCertificate } from '../served-certificates.ts';

export interface TlsMetrics {
  handshake(result: Handshake): void;
}

/** @param certificates those of the public listener at present */
export function tlsMetrics(registry: Registry, certificates: () => readonly ServedCertificate[]): TlsMetrics {
  const registers = [registry];
  const handshakes = new Counter({
    name: 'gatehouse_tls_handshakes_total',
    help: 'TLS handshakes with clients, by how they ended.',
    labelNames: ['result'],
    registers,
  });
  new Gauge({
    name: 'gatehouse_certificate_expires_seconds',
    help: 'Time until a certificate of the public listener expires; less than 0: since then.',
    labelNames: ['server_name'],
    // Each process has the same ones.
    aggregator: 'min',
    registers,
    collect() {
      this.reset();
      const now = Date.now();
      // Where several are for one name, the first is served.
      for (const { names, validTo } of certificates().toReversed()) {
        for (const server_name of names) this.set({ server_name }, (validTo.getTime() - now) / 1000);
      }
    },
  });
  return { handshake: (result) => handshakes.inc({ result }) };
}
