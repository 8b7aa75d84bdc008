import type { ConsoleSnapshot } from '../../ops/console/snapshot.ts';
import type { OpsAddress } from '../ready/ops-address.ts';
import { follow } from './follow.ts';
import { type Line, screenOf } from './screen.ts';

/** Snapshots that are kept for sparklines: five minutes. */
const MOST_KEPT = 300;
const TO_SCREEN = '\x1b[?1049h\x1b[?25l';
const FROM_SCREEN = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';
const RESET = '\x1b[0m';
const TONES: Readonly<Record<Line['tone'], string>> = { plain: '', title: '\x1b[1m', bad: '\x1b[1;31m' };
/** `q`, Ctrl-C and Ctrl-D. */
const END_KEYS: readonly number[] = [0x71, 0x51, 0x03, 0x04];
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Shows snapshots on the terminal until `q`, Ctrl-C or a signal, and restores it then, also after an error. */
export async function followOnTerminal(address: OpsAddress): Promise<void> {
  const { stdin, stdout } = process;
  const ending = new AbortController();
  const hasColour = !process.env.NO_COLOR;
  const history: ConsoleSnapshot[] = [];
  let lost: string | null = null;

  const draw = () => {
    const [columns, rows] = [stdout.columns || 80, stdout.rows || 24];
    const lines = screenOf({ address: address.name, history, lost }, { columns, rows });
    const written = lines.map(({ text, tone }) =>
      hasColour && TONES[tone] !== '' ? `${TONES[tone]}${text}${RESET}${REST_OF_LINE}` : `${text}${REST_OF_LINE}`,
    );
    stdout.write(`${HOME}${written.join('\r\n')}${REST_OF_SCREEN}`);
  };
  const end = () => ending.abort();
  const onKey = (keys: Buffer) => {
    if (keys.some((key) => END_KEYS.includes(key))) end();
  };

  stdin.setRawMode(true);
  stdin.on('data', onKey).once('end', end);
  stdout.on('resize', draw);
  for (const signal of SIGNALS) process.on(signal, end);
  stdout.write(TO_SCREEN);
  try {
    draw();
    for await (const news of follow(address, ending.signal)) {
      if (news.kind === 'lost') {
        lost = news.reason;
      } else {
        lost = null;
        history.push(news.snapshot);
        if (history.length > MOST_KEPT) history.shift();
      }
      draw();
    }
  } finally {
    stdout.write(FROM_SCREEN);
    stdout.off('resize', draw);
    for (const signal of SIGNALS) process.off(signal, end);
    stdin.off('data', onKey).off('end', end);
    stdin.setRawMode(false);
    stdin.pause();
  }
}
