// Something to know, in plain words, with what to do about it.
import type { ComponentChildren } from 'preact';

interface NoticeProps {
  readonly kind: 'info' | 'warning' | 'error';
  readonly title: string;
  readonly children?: ComponentChildren;
  /** Buttons. */
  readonly actions?: ComponentChildren;
}

export function Notice({ kind, title, children, actions }: NoticeProps) {
  return (
    <div class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {children && <div class="notice-body">{children}</div>}
      {actions && <div class="row">{actions}</div>}
    </div>
  );
}
