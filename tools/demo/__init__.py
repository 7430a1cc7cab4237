"""One whole update on the virtual board, from Notehub's offer to the closing report, as a person sees it."""
