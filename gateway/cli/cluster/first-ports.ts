import type { Settings } from '../../settings/schema/settings.ts';
import type { Listening } from './messages.ts';

/** Replaces each port 0 by the port that Node chose for the first workers, which clients know. */
export function onFirstPorts(settings: Settings, { url, decisionsUrl, redirectUrl }: Listening): Settings {
  const { listen, decisions } = settings;
  const { redirect } = listen;
  return {
    ...settings,
    listen: {
      ...listen,
      ...(listen.port === 0 && { port: portOf(url) }),
      ...(redirect?.port === 0 && { redirect: { ...redirect, port: portOf(redirectUrl) } }),
    },
    ...(decisions?.port === 0 && { decisions: { ...decisions, port: portOf(decisionsUrl) } }),
  };
}

/** Port 0 never gives a usual port, which a URL leaves out. */
function portOf(url: string | null): number {
  return url === null ? 0 : Number(new URL(url).port);
}
