import { type ReactNode, useEffect, useRef } from 'react';

/**
 * Takes the focus when it replaces the focused element, so that the keyboard and the screen reader continue here after a
 * sign-in or a sign-out. It does not take the focus when the page is opened.
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
