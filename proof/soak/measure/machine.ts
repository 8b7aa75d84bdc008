import { cpus, loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MachineSample } from '../samples.ts';

/** @returns says how busy the machine was since the last call */
export function machineMeter(): () => MachineSample {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let before = cpuTimes();
  return () => {
    const now = cpuTimes();
    const idle = (now.idle - before.idle) / Math.max(1, now.total - before.total);
    before = now;
    const longest = delay.max / 1e6;
    delay.reset();
    return { kind: 'machine', at: Date.now(), load: loadavg()[0] ?? 0, idle, delay: longest };
  };
}

function cpuTimes(): { readonly idle: number; readonly total: number } {
  const all = cpus().map(({ times }) => times);
  const idle = all.reduce((sum, times) => sum + times.idle, 0);
  return { idle, total: all.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle) };
}
