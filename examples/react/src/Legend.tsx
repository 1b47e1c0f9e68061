const entries = [
  { look: 'answered', path: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0', text: 'answered' },
  { look: 'refused', path: 'M-4-4L4 4M4-4L-4 4', text: 'refused' },
  { look: 'retried', path: 'M0-5L5 0L0 5L-5 0Z', text: 'answered after a retry' },
  { look: 'failed', path: 'M-4-4H4V4H-4Z', text: 'failed' },
  { look: 'renewal', path: 'M0-5L5 4L-5 4Z', text: 'renewal' },
  { look: 'token', path: 'M-7-3H7V3H-7Z', text: 'lifetime of a token set' },
];

export function Legend() {
  return (
    <ul className="legend">
      {entries.map(({ look, path, text }) => (
        <li key={look}>
          <svg viewBox="-8 -8 16 16" width="14" height="14" aria-hidden="true">
            <path d={path} className={look} />
          </svg>
          {text}
        </li>
      ))}
    </ul>
  );
}
