import { pino } from 'pino';
import { stringify } from 'yaml';
import { showConfiguration } from '../../../gateway/cli/shown-configuration.ts';
import type { Gateway } from '../../../gateway/compose/ops-listener.ts';
import { startGateway } from '../../../gateway/compose/service.ts';
import { checkSettings } from '../../../gateway/settings/read/check.ts';
import type { Settings } from '../../../gateway/settings/schema/settings.ts';
import type { Scope } from '../scope.ts';

export type LogLine = Record<string, unknown>;

/** A gateway in this process. It costs a tenth of the processor time of a separate one. */
export interface InProcess {
  readonly gateway: Gateway;
  readonly settings: Settings;
  readonly log: LogLine[];
  /** Resolves with the first log line that matches, as soon as it is written. */
  logged(matches: (line: LogLine) => boolean): Promise<LogLine>;
  /** Applies other settings, as in the configuration file. @param changed replace whole sections of the first ones */
  reload(changed: Record<string, unknown>): Promise<void>;
}

/** @param configuration as in the configuration file */
function settingsFrom(configuration: Record<string, unknown>): Settings {
  const checked = checkSettings(stringify(configuration), 'test.yaml', {});
  if (checked.kind === 'valid') return checked.settings;
  throw new Error(checked.problems.map(({ message, key }) => `${key}: ${message}`).join('\n'));
}

/** @param configuration as in the configuration file */
export async function startInProcess(t: Scope, configuration: Record<string, unknown>): Promise<InProcess> {
  const settings = settingsFrom(configuration);
  const log: LogLine[] = [];
  const waiting = new Set<() => void>();
  const logger = pino(
    { level: 'debug', base: null },
    {
      write(line: string) {
        log.push(JSON.parse(line) as LogLine);
        for (const look of waiting) look();
      },
    },
  );
  const shown = showConfiguration('test.yaml', settings);
  const gateway = await startGateway(settings, logger, shown);
  t.teardown(() => gateway.close({ delay: 0, timeout: 0 }));
  return {
    gateway,
    settings,
    log,
    async reload(changed) {
      const next = settingsFrom({ ...configuration, ...changed });
      await gateway.reload(next);
      shown.use(next);
    },
    logged: (matches) =>
      new Promise((resolve) => {
        const look = () => {
          const line = log.find(matches);
          if (line === undefined) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        look();
      }),
  };
}
