import type { Api } from './apis.ts';

interface ApiChoiceProps {
  readonly apis: readonly Api[];
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
}

export function ApiChoice({ apis, chosen, onChoose }: ApiChoiceProps) {
  return (
    <fieldset className="choices">
      <legend>Which API?</legend>
      {apis.map(({ name, texts: { title, about } }, index) => (
        <label key={name} className="choice">
          <input type="radio" name="api" value={name} checked={index === chosen} onChange={() => onChoose(index)} />
          <span>
            <strong>{title}</strong>
            <small>{about}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
