import { useEffect, useState } from 'react';
import type { DemoServer } from './demoServer.ts';

interface HideSwitchProps {
  readonly server: DemoServer;
  readonly label: string;
}

/** Makes the server hide its tokens from this page, and shows whether it does. */
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
