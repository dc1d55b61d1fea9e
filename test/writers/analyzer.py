"""The analyzer and the applier of its recommendations: one writes them, the other moves their status."""

from writer import Writer

READ = """
    SELECT COALESCE(strategy_type, 'unknown'), COUNT(*), AVG(pnl_pct), AVG(best_unrealized_pnl_pct), AVG(worst_unrealized_pnl_pct)
    FROM position_history WHERE exit_time > NOW() - INTERVAL '30 days' GROUP BY 1"""

RECOMMEND = """
    INSERT INTO learning_recommendations (parameter_name, parameter_path, current_value, suggested_value, sample_size, confidence,
                                          recommendation_reason, status, generated_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, 'pending', NOW())
    RETURNING id"""

MOVE = "UPDATE learning_recommendations SET status = %s WHERE id = %s AND status = 'pending'"


class Analyzer(Writer):
    def recommend(self):
        rows = self.send(RECOMMEND, ("stop_loss_pct", "risk.stop_loss_pct", 5.0, round(self.rng.uniform(3, 8), 2), 40, 0.8,
                                     "losers run past the stop"))
        return rows[0][0] if rows else None

    def move(self, recommendation, status):
        """Straight from pending to where the applier puts it."""
        self.send(MOVE, (status, recommendation))

    def cycle(self):
        self.send(READ)
        recommendation = self.recommend()
        if recommendation is not None:
            self.move(recommendation, self.rng.choice(["ai_approved", "applied", "rejected"]))
