import type { ComponentProps } from 'react';

/** A button in the secondary style. */
export function QuietButton(props: ComponentProps<'button'>) {
  return <button type="button" className="quiet" {...props} />;
}
