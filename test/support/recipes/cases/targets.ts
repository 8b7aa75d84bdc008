import { PASSWORD } from '../lab.ts';
import { ODD_TARGETS } from '../targets.ts';
import type { ProxyCases } from './context.ts';

/** That a path is judged as the service reads it. */
export function targetCases({ lab, passed, through, traits }: ProxyCases): void {
  through('what is judged is what the service receives, however the target is spelled', async (t) => {
    for (const target of ODD_TARGETS) {
      const asked = { target, authorization: PASSWORD };
      const { length } = lab().service.received;
      const via = await lab().viaProxy(asked);
      const received = lab()
        .service.received.slice(length)
        .map((seen) => seen.target);
      const direct = await lab().directly({ ...asked, target: traits.readAs(target) });
      const expected = lab()
        .service.received.slice(length + received.length)
        .map((seen) => seen.target);
      if (traits.refusesItself(target)) {
        t.true(via.status >= 400 && via.status < 500, `${target} ${via.status}`);
        t.deepEqual(received, [], target);
      } else {
        t.is(via.status, direct.status, `${target} ${via.body} ${direct.body}`);
        t.deepEqual(received, expected.map(traits.respelled), target);
      }
      const { length: later } = lab().service.received;
      await lab().viaProxy({ target });
      const open = lab().service.received.slice(later);
      t.true(
        open.every((seen) => seen.target.startsWith('/website/')),
        `${target} without credentials`,
      );
    }
  });

  through('a target of 8 KB is judged and forwarded whole', async (t) => {
    const path = `/api/v1/things/${'a/'.repeat(2_000)}`;
    for (const target of [`${path}?${'q'.repeat(4_000)}`, `${path}Seven?${'q'.repeat(4_000)}`]) {
      t.is((await passed(t, { target, authorization: PASSWORD })).target, target);
      t.is((await lab().viaProxy({ target })).status, 401);
    }
  });
}
