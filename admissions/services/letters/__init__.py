"""Who hears what and when: outcome messages, notices, offers, reminders."""
