"""One Airflow DAG per spec."""
