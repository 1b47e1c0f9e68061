import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Journal, Outcome } from './createJournal.ts';
import { drawPicture, span } from './drawPicture.ts';
import { Legend } from './Legend.tsx';
import { PictureTable } from './PictureTable.tsx';

const redrawMs = 250;

/** What has happened in the last seconds, drawn anew as time goes on. */
export function Picture({ journal }: { readonly journal: Journal }) {
  const frame = useRef<HTMLDivElement>(null);
  const now = useNow(redrawMs);
  const [isTableOpen, setTableOpen] = useState(false);

  // Before the frame is shown: the picture and its words are of the same moment.
  useLayoutEffect(() => {
    const element = frame.current;
    if (element) element.replaceChildren(drawPicture(journal, now, Math.max(element.clientWidth, 280)));
  }, [journal, now]);

  return (
    <section aria-labelledby="picture" className="card picture">
      <h3 id="picture">What happens</h3>
      {journal.tokenLives.length === 0 && (
        <p>Each token set, renewal and operation is drawn here once you have signed in.</p>
      )}
      <div ref={frame} role="img" aria-label={summaryOf(journal, now)} />
      <Legend />
      <details onToggle={({ currentTarget }) => setTableOpen(currentTarget.open)}>
        <summary>The picture as a table</summary>
        {isTableOpen && <PictureTable journal={journal} />}
      </details>
    </section>
  );
}

function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** The picture in one sentence. */
function summaryOf({ sendings, tokenLives, renewals }: Journal, now: number): string {
  const since = now - span.past * 1000;
  const count = (outcome: Outcome) =>
    sendings.filter(sending => sending.outcome === outcome && sending.endedAt > since).length;
  const renewed = renewals.filter(({ at }) => at > since).length;
  const tokens = tokenLives.filter(({ to }) => (to ?? now) > since).length;
  return (
    `The last ${span.past} seconds: token sets ${tokens}, renewals ${renewed}, ` +
    `operations answered at once ${count('answered')}, refused ${count('refused')}, ` +
    `answered when sent again ${count('repeated')}, failed ${count('failed')}.`
  );
}
