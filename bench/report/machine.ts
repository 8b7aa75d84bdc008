import { cpus, release, totalmem, type } from 'node:os';

/** Where it was measured: results of different machines do not belong into one report. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** In GiB, rounded. */
  readonly memory: number;
  readonly kernel: string;
  readonly node: string;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown',
    cores: all.length,
    memory: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.version,
  };
}
