import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Journal, Outcome } from './createJournal.ts';
import { drawTimeline, span } from './drawTimeline.ts';
import { Legend } from './Legend.tsx';
import { TimelineTable } from './TimelineTable.tsx';

const redrawMs = 250;

/** The events of the last seconds, redrawn as time passes. */
export function Timeline({ journal }: { readonly journal: Journal }) {
  const frame = useRef<HTMLDivElement>(null);
  const now = useNow(redrawMs);
  const [isTableOpen, setTableOpen] = useState(false);

  // Before the browser paints, so that the chart and its label show the same moment.
  useLayoutEffect(() => {
    const element = frame.current;
    if (element) element.replaceChildren(drawTimeline(journal, now, Math.max(element.clientWidth, 280)));
  }, [journal, now]);

  return (
    <section aria-labelledby="timeline" className="card timeline">
      <h3 id="timeline">What happens</h3>
      {journal.tokenLifetimes.length === 0 && (
        <p>Each token set, renewal and operation is drawn here once you have signed in.</p>
      )}
      <div ref={frame} role="img" aria-label={summaryOf(journal, now)} />
      <Legend />
      <details onToggle={({ currentTarget }) => setTableOpen(currentTarget.open)}>
        <summary>The timeline as a table</summary>
        {isTableOpen && <TimelineTable journal={journal} />}
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

function summaryOf({ attempts, tokenLifetimes, renewals }: Journal, now: number): string {
  const since = now - span.past * 1000;
  const count = (outcome: Outcome) =>
    attempts.filter(attempt => attempt.outcome === outcome && attempt.endedAt > since).length;
  const renewed = renewals.filter(({ endedAt }) => endedAt > since).length;
  const tokens = tokenLifetimes.filter(({ to }) => (to ?? now) > since).length;
  return (
    `The last ${span.past} seconds: token sets ${tokens}, renewals ${renewed}, ` +
    `operations answered at once ${count('answered')}, refused ${count('refused')}, ` +
    `answered after a retry ${count('retried')}, failed ${count('failed')}.`
  );
}
