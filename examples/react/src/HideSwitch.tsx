import { useEffect, useState } from 'react';
import type { DemoServer } from './demoServer.ts';

interface HideSwitchProps {
  readonly server: DemoServer;
  readonly label: string;
}

/** Switches whether the server hides its token headers from this page. */
export function HideSwitch({ server, label }: HideSwitchProps) {
  const [isOn, setOn] = useState(false);

  useEffect(() => {
    server.counts().then(
      ({ isHiding }) => setOn(isHiding),
      () => {},
    );
  }, [server]);

  const turn = (on: boolean) =>
    server.hideTokens(on).then(
      () => setOn(on),
      () => {},
    );

  return (
    <label className="hide-switch">
      <input type="checkbox" checked={isOn} onChange={({ target }) => void turn(target.checked)} />
      {label}
    </label>
  );
}
