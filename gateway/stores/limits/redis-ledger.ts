import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import type { SharedRedis } from '../redis/limiter.ts';
import { AHEAD, type Grant, LEASE, type Ledger, MARGIN, PRESENCE, type Report, ROUNDING } from './ledger.ts';

/** The numbers of a report, in the order in which the script reads them. */
const NUMBERS = ['requests', 'per', 'spent', 'debt', 'holds', 'wants', 'known'] as const satisfies (keyof Report)[];
/** The values of a grant, in the order in which the script returns them. */
const PER_GRANT = 6;

/**
 * Does what `settle` in entry.ts does, for each key. A key is a hash: `left`, `at` and `epoch`, and for each process a field with what it
 * holds, until when, and until when it counts as a sharer. It expires once it would be full.
 */
const REDIS_SETTLE = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local holder = ARGV[1]
local grants = {}
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 9
  local requests, per = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local spent, debt, holds, wants = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local known, wantsAhead, epoch = tonumber(ARGV[at + 6]), ARGV[at + 7] == '1', ARGV[at + 8]

  local fields = redis.call('HGETALL', key)
  local left, refilledAt, ours = requests, now, nil
  local held, others, sharers, before = 0, 0, 1, nil
  for f = 1, #fields, 2 do
    local name, value = fields[f], fields[f + 1]
    if name == 'left' then left = tonumber(value)
    elseif name == 'at' then refilledAt = tonumber(value)
    elseif name == 'epoch' then ours = value
    else
      local has, heldUntil, presentUntil = string.match(value, '(%S+) (%S+) (%S+)')
      has = tonumber(has)
      if tonumber(presentUntil) <= now then redis.call('HDEL', key, name)
      else
        if name ~= holder then sharers = sharers + 1 end
        if tonumber(heldUntil) > now then
          held = held + has
          if name == holder then before = has else others = others + has end
        end
      end
    end
  end
  if not ours then ours = holder .. ' ' .. string.format('%.3f', now) end

  local refilled = left + math.max(0, now - refilledAt) * requests / per
  left = math.max(left, math.min(refilled, requests - held))
  if epoch ~= '' and epoch ~= ours then left = math.min(left, known) end
  if before then left = left + before - spent - holds end
  left = math.max(-2 * ${MARGIN} * requests, left - debt)

  local margin = math.floor(requests * ${MARGIN})
  local overdraft = math.min(others, margin)
  local granted = math.max(0, math.min(wants, math.floor(left + overdraft + ${ROUNDING})))
  left = left - granted
  local ahead = 0
  if wantsAhead then
    ahead = math.max(0, math.min(math.ceil((margin - others - holds) / 2), math.floor(left * ${AHEAD})))
  end
  left = left - ahead

  local missing = 1 - ${ROUNDING} - left - overdraft
  local wait = 0
  if missing > 0 then wait = missing * per / requests end
  local leftText = string.format('%.17g', left)
  local holding = string.format('%d %.3f %.3f', holds + ahead, now + ${LEASE}, now + ${PRESENCE})
  redis.call('HSET', key, 'left', leftText, 'at', string.format('%.3f', now), 'epoch', ours, holder, holding)
  redis.call('PEXPIRE', key, math.ceil(math.max((requests - left) * per / requests, ${PRESENCE})))
  for _, value in ipairs({ tostring(granted), tostring(ahead), leftText, string.format('%.17g', wait), tostring(sharers), ours }) do
    grants[#grants + 1] = value
  end
end
return grants
`;

/** Keys that one call of the script settles: it must not keep Redis from its other clients. */
const MOST_KEYS = 50;

/** A ledger in Redis, by Redis's clock. */
export function redisLedger({ client, keyPrefix }: SharedRedis): Ledger {
  const holder = randomUUID();
  // The keys of one call must be of one node of a Cluster.
  const most = client instanceof Cluster ? 1 : MOST_KEYS;
  client.defineCommand('settleLimits', { lua: REDIS_SETTLE });
  const { settleLimits } = client as unknown as { settleLimits: (...args: (string | number)[]) => Promise<string[]> };

  const settleSome = async (reports: readonly Report[]): Promise<Grant[]> => {
    const keys = reports.map(({ key }) => `${keyPrefix}limit:${key}`);
    const values = reports.flatMap((report) => [
      ...NUMBERS.map((name) => report[name]),
      report.wantsAhead ? 1 : 0,
      report.epoch,
    ]);
    const answer = await settleLimits.call(client, keys.length, ...keys, holder, ...values);
    return reports.map((_, index) => grantFrom(answer.slice(index * PER_GRANT, (index + 1) * PER_GRANT)));
  };

  return {
    async settle(reports) {
      const batches: Promise<Grant[]>[] = [];
      for (let at = 0; at < reports.length; at += most) batches.push(settleSome(reports.slice(at, at + most)));
      return (await Promise.all(batches)).flat();
    },
  };
}

function grantFrom([granted, ahead, left, wait, sharers, epoch = '']: string[]): Grant {
  return {
    granted: Number(granted),
    ahead: Number(ahead),
    left: Number(left),
    wait: Number(wait),
    sharers: Number(sharers),
    epoch,
  };
}
