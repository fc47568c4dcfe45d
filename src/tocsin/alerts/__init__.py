"""Whether to alert, how loud and with what advice: AlertService, recommendations, patterns, intake and clock."""
