import { type ReactNode, useEffect, useRef } from 'react';

/**
 * Takes the focus when it appears in the place of what had it: after signing in or out, the keyboard and the screen reader go
 * on from here. A page that has only just been opened keeps its focus.
 */
export function FocusHeading({ children }: { readonly children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const isFocusLost = document.activeElement === document.body || document.activeElement === null;
    if (isFocusLost && navigator.userActivation?.hasBeenActive) heading.current?.focus();
  }, []);
  return (
    <h2 ref={heading} tabIndex={-1}>
      {children}
    </h2>
  );
}
